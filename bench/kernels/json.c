/* Recursive-descent parser over a generated JSON text. n = passes over about 32 KiB. */
#include "kernel.h"

#define BYTES (32 * 1024)
static char text[BYTES + 256];

typedef struct {
  const char *at;
  uint64_t digest;
  uint32_t values, errors;
} parser;

static void skip_space(parser *p) {
  while (*p->at == ' ' || *p->at == '\n' || *p->at == '\t' || *p->at == '\r') p->at++;
}

static void parse_string(parser *p) {
  uint64_t hash = 14695981039346656037ULL;
  for (p->at++; *p->at && *p->at != '"'; p->at++) {
    char c = *p->at;
    if (c == '\\') {
      c = *++p->at;
      if (c == 'n') c = '\n';
    }
    hash = (hash ^ (uint8_t)c) * 1099511628211ULL;
  }
  if (*p->at) p->at++; else p->errors++;
  p->digest += hash;
}

static void parse_number(parser *p) {
  int negative = *p->at == '-';
  double value = 0, scale = 1;
  if (negative) p->at++;
  while (*p->at >= '0' && *p->at <= '9') value = value * 10 + (*p->at++ - '0');
  if (*p->at == '.') {
    for (p->at++; *p->at >= '0' && *p->at <= '9'; p->at++) {
      scale *= 0.1;
      value += (*p->at - '0') * scale;
    }
  }
  p->digest = mix(p->digest, bits_of(negative ? -value : value));
}

static void parse_word(parser *p, const char *word) {
  while (*word && *p->at == *word) p->at++, word++;
  if (*word) p->errors++;
}

static void parse_value(parser *p, int depth) {
  skip_space(p);
  p->values++;
  if (depth > 50) {
    p->errors++;
    return;
  }
  switch (*p->at) {
    case '{':
    case '[': {
      char close = *p->at == '{' ? '}' : ']';
      p->at++;
      skip_space(p);
      while (*p->at && *p->at != close) {
        if (close == '}') {
          skip_space(p);
          parse_string(p);
          skip_space(p);
          if (*p->at == ':') p->at++; else p->errors++;
        }
        parse_value(p, depth + 1);
        skip_space(p);
        if (*p->at == ',') p->at++;
      }
      if (*p->at) p->at++;
      break;
    }
    case '"': parse_string(p); break;
    case 't': parse_word(p, "true"); break;
    case 'f': parse_word(p, "false"); break;
    case 'n': parse_word(p, "null"); break;
    default: parse_number(p);
  }
}

static char *put(char *to, const char *s) {
  while (*s) *to++ = *s++;
  return to;
}

static char *put_number(char *to, uint32_t value) {
  char digits[10];
  int count = 0;
  do digits[count++] = (char)('0' + value % 10); while (value /= 10);
  while (count) *to++ = digits[--count];
  return to;
}

static void generate(void) {
  uint64_t state = 59;
  char *to = put(text, "[");
  while (to < text + BYTES) {
    uint64_t r = next_random(&state);
    to = put(to, "{\"id\": ");
    to = put_number(to, (uint32_t)(r >> 44));
    to = put(to, ", \"name\": \"item\\n");
    for (uint32_t k = 0; k < 4 + r % 9; k++) *to++ = (char)('a' + (r >> 4 * k) % 26);
    to = put(to, "\", \"price\": -");
    to = put_number(to, (uint32_t)(r >> 12) % 1000);
    to = put(to, ".");
    to = put_number(to, (uint32_t)(r >> 22) % 100);
    to = put(to, r & 1 ? ", \"tags\": [true, null, \"x\"]},\n  " : ", \"tags\": []},\n  ");
  }
  put(to, "false]")[0] = 0;
}

KERNEL {
  uint64_t sum = 0;
  generate();
  for (uint32_t pass = 0; pass < n; pass++) {
    parser p = {text, pass, 0, 0};
    parse_value(&p, 0);
    sum = mix(sum, p.digest ^ (uint64_t)p.values << 32 ^ p.errors);
  }
  return sum;
}
