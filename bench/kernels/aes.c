/* AES-128 encryption with one 1 KiB table: dependent table loads. n = 16-byte blocks. */
#include "kernel.h"

static uint8_t sbox[256];
static uint32_t table[256];
static uint32_t schedule[44];

static inline uint8_t twice(uint8_t x) { return (uint8_t)(x << 1 ^ (x >> 7) * 0x1B); }
static inline uint32_t rotl(uint32_t x, int by) { return x << by | x >> (32 - by); }
static inline uint8_t rotl8(uint8_t x, int by) { return (uint8_t)(x << by | x >> (8 - by)); }

static void make_tables(void) {
  uint8_t p = 1, q = 1; /* p runs through the multiplicative group, q is its inverse */
  do {
    p = p ^ twice(p);
    q ^= q << 1;
    q ^= q << 2;
    q ^= q << 4;
    if (q & 0x80) q ^= 0x09;
    sbox[p] = q ^ rotl8(q, 1) ^ rotl8(q, 2) ^ rotl8(q, 3) ^ rotl8(q, 4) ^ 0x63;
  } while (p != 1);
  sbox[0] = 0x63;
  for (int i = 0; i < 256; i++) {
    uint8_t s = sbox[i], d = twice(s);
    table[i] = (uint32_t)d | (uint32_t)s << 8 | (uint32_t)s << 16 | (uint32_t)(d ^ s) << 24;
  }
}

static inline uint32_t substitute(uint32_t w) {
  return (uint32_t)sbox[w & 255] | (uint32_t)sbox[w >> 8 & 255] << 8 |
         (uint32_t)sbox[w >> 16 & 255] << 16 | (uint32_t)sbox[w >> 24] << 24;
}

static void expand_key(void) {
  uint8_t rcon = 1;
  for (uint32_t i = 0; i < 4; i++) schedule[i] = 0x03020100 + i * 0x04040404;
  for (int i = 4; i < 44; i++) {
    uint32_t w = schedule[i - 1];
    if (i % 4 == 0) {
      w = substitute(rotl(w, 24)) ^ rcon;
      rcon = twice(rcon);
    }
    schedule[i] = schedule[i - 4] ^ w;
  }
}

static inline uint32_t column(uint32_t a, uint32_t b, uint32_t c, uint32_t d) {
  return table[a & 255] ^ rotl(table[b >> 8 & 255], 8) ^ rotl(table[c >> 16 & 255], 16) ^
         rotl(table[d >> 24], 24);
}

static inline uint32_t last_column(uint32_t a, uint32_t b, uint32_t c, uint32_t d) {
  return (uint32_t)sbox[a & 255] | (uint32_t)sbox[b >> 8 & 255] << 8 |
         (uint32_t)sbox[c >> 16 & 255] << 16 | (uint32_t)sbox[d >> 24] << 24;
}

KERNEL {
  make_tables();
  expand_key();
  uint32_t s0 = 0x33221100, s1 = 0x77665544, s2 = 0xBBAA9988, s3 = 0xFFEEDDCC;
  for (uint32_t i = 0; i < n; i++) {
    const uint32_t *key = schedule;
    s0 ^= key[0], s1 ^= key[1], s2 ^= key[2], s3 ^= key[3];
    for (int round = 1; round < 10; round++) {
      key += 4;
      uint32_t t0 = column(s0, s1, s2, s3) ^ key[0];
      uint32_t t1 = column(s1, s2, s3, s0) ^ key[1];
      uint32_t t2 = column(s2, s3, s0, s1) ^ key[2];
      uint32_t t3 = column(s3, s0, s1, s2) ^ key[3];
      s0 = t0, s1 = t1, s2 = t2, s3 = t3;
    }
    uint32_t t0 = last_column(s0, s1, s2, s3) ^ key[4];
    uint32_t t1 = last_column(s1, s2, s3, s0) ^ key[5];
    uint32_t t2 = last_column(s2, s3, s0, s1) ^ key[6];
    uint32_t t3 = last_column(s3, s0, s1, s2) ^ key[7];
    s0 = t0, s1 = t1, s2 = t2, s3 = t3;
  }
  return mix((uint64_t)s0 << 32 | s1, (uint64_t)s2 << 32 | s3);
}
