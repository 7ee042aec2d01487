/* Blocks, branches and counters of quick code (compiler/baseline/flow.py). */
#include "quick_machine.h"

enum { OPCODE_BLOCK = 0x02, OPCODE_LOOP = 0x03, OPCODE_IF = 0x04 };

/* ---- Labels -------------------------------------------------------------------------------------------- */

void quick_patch(quick_state *s, int32_t at, int32_t target) {
  const int32_t distance = target - at - 4;
  memcpy(s->code + at, &distance, 4);
}

static void chain(quick_state *s, int32_t *head, int32_t at) {
  memcpy(s->code + at, head, 4);
  *head = at;
}

/* Lets the distance at `at` lead to the label. */
static void note(quick_state *s, quick_label *label, int32_t at) {
  if (label->at >= 0)
    quick_patch(s, at, label->at);
  else
    chain(s, &label->fixups, at);
}

void quick_label_init(quick_label *label, int height, int count, const uint8_t *types, bool loop) {
  *label = (quick_label){
      .at = -1, .height = height, .fixups = -1, .else_ = -1, .entries = -1,
      .loop = loop, .count = (uint8_t)count, .types = types,
  };
}

void quick_place_label(quick_state *s, quick_label *label) {
  const int32_t target = label->at = here(s);
  for (int32_t at = label->fixups, next; at >= 0; at = next) {
    memcpy(&next, s->code + at, 4);
    quick_patch(s, at, target);
  }
  label->fixups = -1;
  for (int32_t i = label->entries; i >= 0; i = s->entries[i].next) {
    const int32_t distance = target - s->entries[i].table;
    memcpy(s->code + s->entries[i].at, &distance, 4);
  }
  label->entries = -1;
  s->compare.end = -1;
}

void quick_jump(quick_state *s, quick_label *label) {
  machine_jump(s);
  note(s, label, here(s) - 4);
}

/* Brings the operands of a branch where its label expects them. */
void quick_carry(quick_state *s, quick_label *label) {
  const int count = label->count, first = s->count - count;
  if (count == 0) return;
  if (count == 1 && !label->loop) {
    const int type = label->types[0];
    quick_need(s, first);
    if (first == label->height) return;
    const int to = quick_register(type, label->height), from = quick_register(type, first);
    if (to != from) machine_move(s, type, to, from);
    return;
  }
  s->budget -= count;
  for (int i = 0; i < count; i++) {
    const int type = label->types[i];
    quick_to_frame(s, first + i);
    if (first == label->height) continue;
    const int scratch = is_whole(type) ? SCRATCH : VECTOR_SCRATCH;
    const int where = quick_own_slot(s, label->height + i);
    machine_load(s, type, scratch, RBP, quick_place_of(s, first + i));
    machine_store(s, type, scratch, RBP, where);
  }
}

/* The same and the branch; operands are where they were in what follows. */
static void carry_and_jump(quick_state *s, quick_label *label) {
  const size_t size = (size_t)s->count * sizeof s->operands[0];
  memcpy(s->before, s->operands, size);
  quick_carry(s, label);
  quick_jump(s, label);
  memcpy(s->operands, s->before, size);
}

/* ---- Blocks -------------------------------------------------------------------------------------------- */

static void open_label(quick_state *s, quick_frame *frame) {
  quick_flush(s, s->count);
  s->budget -= frame->param_count;
  const bool loop = frame->opcode == OPCODE_LOOP;
  quick_label_init(&frame->label, s->count - frame->param_count, loop ? frame->param_count : frame->result_count,
                   loop ? frame->params : frame->results, loop);
}

static void params_to_frame(quick_state *s, const quick_frame *frame) {
  for (int at = s->count - frame->param_count; at < s->count; at++) quick_to_frame(s, at);
}

void quick_block(quick_state *s, quick_frame *frame) { open_label(s, frame); }

void quick_loop(quick_state *s, quick_frame *frame) {
  params_to_frame(s, frame);
  open_label(s, frame);
  frame->label.at = here(s);
  s->compare.end = -1;
  const bool counted = s->m->source.counting && s->count == 0; /* better code takes over where there are none */
  s->loops[s->loop_count++] = counted ? frame->start : 0;
  if (counted) quick_count(s, frame->start);
}

/* ---- Branches ------------------------------------------------------------------------------------------ */

/* Whether the operand on top was made by a comparison that nothing came after; then it is taken back. */
static bool fused(quick_state *s) {
  const quick_compare *compare = &s->compare;
  if (compare->end != here(s) || compare->at != s->count - 1) return false;
  if (s->operands[s->count - 1].kind != IN_REGISTER) return false;
  s->compare.end = -1;
  s->c = s->code + compare->start;
  return true;
}

/* Pops the condition of a branch at position `at` into a register or the frame. */
static quick_operand condition(quick_state *s, int at) {
  if (s->operands[at].kind != IN_REGISTER && s->operands[at].kind != A_LOCAL) quick_to_register(s, at);
  return s->operands[--s->count];
}

/* Branches if the condition, once at position `at`, is not 0 (`fails`: if it is). */
static int32_t branch_on(quick_state *s, const quick_operand *x, int at, bool fails) {
  const bool local = x->kind == A_LOCAL;
  const uint32_t form = s->m->tables->branch[2 * local + fails];
  return quick_pair(s, s->m->forms[form][at % REGISTERS], local ? x->at : 0);
}

void quick_if(quick_state *s, quick_frame *frame) {
  const int at = s->count - 1;
  const bool is_fused = fused(s);
  quick_operand x = {0};
  if (is_fused)
    s->count--;
  else
    x = condition(s, at);
  if (at > 0) params_to_frame(s, frame); /* before the comparison, whose registers that leaves alone */
  open_label(s, frame);
  if (is_fused)
    frame->label.else_ = quick_pair(s, s->compare.fails, s->compare.number);
  else
    frame->label.else_ = branch_on(s, &x, at, true);
}

static void start_else(quick_state *s, quick_frame *frame) {
  quick_label *label = &frame->label;
  quick_patch(s, label->else_, here(s));
  label->else_ = -1;
  s->compare.end = -1;
  s->count = label->height;
  for (int i = 0; i < frame->param_count; i++) quick_push(s, IN_FRAME, frame->params[i]);
  s->reachable = true;
}

static void leave_part(quick_state *s, quick_label *label) {
  if (!s->reachable) return;
  quick_carry(s, label);
  quick_jump(s, label);
}

void quick_else(quick_state *s, quick_frame *frame) {
  leave_part(s, &frame->label);
  start_else(s, frame);
}

void quick_end(quick_state *s, quick_frame *frame) {
  quick_label *label = &frame->label;
  if (frame->opcode == OPCODE_LOOP) {
    s->loop_count--;
    return;
  }
  if (frame->opcode == OPCODE_IF) { /* no else: that way leads straight to the end */
    if (frame->param_count > 0) {
      leave_part(s, label);
      start_else(s, frame);
    } else {
      chain(s, &label->fixups, label->else_);
    }
  }
  if (label->fixups < 0 && !label->listed) return;
  if (label->count > 0 && s->reachable) quick_carry(s, label);
  quick_place_label(s, label);
  if (s->count > label->height) s->count = label->height;
  for (int i = 0; i < label->count; i++) quick_push(s, label->count == 1 ? IN_REGISTER : IN_FRAME, label->types[i]);
  s->reachable = true;
}

void quick_br_if(quick_state *s, quick_frame *frame) {
  quick_label *label = &frame->label;
  const int at = s->count - 1;
  const bool is_fused = fused(s);
  quick_operand x = {0};
  if (is_fused && label->count == 0 && label->at < 0) {
    s->count--;
    chain(s, &label->fixups, quick_pair(s, s->compare.holds, s->compare.number));
    return;
  }
  if (is_fused)
    s->count--;
  else
    x = condition(s, at);
  bool direct = label->count == 0;
  if (label->count == 1 && !label->loop && label->height == at - 1) {
    quick_need(s, at - 1);
    direct = true;
  }
  int32_t distance;
  if (is_fused)
    distance = quick_pair(s, direct ? s->compare.holds : s->compare.fails, s->compare.number);
  else
    distance = branch_on(s, &x, at, !direct);
  if (direct) {
    note(s, label, distance);
    return;
  }
  carry_and_jump(s, label);
  quick_patch(s, distance, here(s));
  s->compare.end = -1;
}

int32_t quick_table_start(quick_state *s, uint32_t count) {
  const int at = s->count - 1;
  quick_need(s, at);
  s->count--;
  machine_table_jump(s, machine_whole[at % REGISTERS], count);
  const int32_t table = here(s);
  s->c += 4 * ((int64_t)count + 1);
  memset(s->trampolines, 0xff, (size_t)s->frame_count * sizeof s->trampolines[0]);
  return table;
}

void quick_table_entry(quick_state *s, int32_t table, uint32_t number, uint32_t depth, quick_frame *frame) {
  quick_label *label = &frame->label;
  const int32_t at = table + 4 * (int32_t)number;
  int32_t target = label->at;
  label->listed = true;
  if (label->count > 0) { /* to code that brings the operands there */
    target = s->trampolines[depth];
    if (target < 0) {
      target = s->trampolines[depth] = here(s);
      carry_and_jump(s, label);
    }
  }
  if (target >= 0) {
    const int32_t distance = target - table;
    memcpy(s->code + at, &distance, 4);
  } else {
    s->entries[s->entry_count] = (quick_entry){at, table, label->entries};
    label->entries = s->entry_count++;
  }
}

/* ---- Counters ------------------------------------------------------------------------------------------ */

/* Counts a call of the function, or a turn of its loop at an offset of the module. */
void quick_count(quick_state *s, int32_t loop) {
  const we_module *module = s->m->module;
  uint32_t slot = s->index;
  if (loop != 0) slot = module->defined_funcs + (uint32_t)loop % WE_LOOP_COUNTERS;
  machine_load(s, WORD, RAX, CONTEXT, offsetof(we_instance, counters));
  machine_count_down(s, RAX, (int32_t)(4 * slot));
  int32_t around = 0;
  for (int i = s->loop_count - 2; i >= 0 && around == 0; i--) around = s->loops[i];
  s->counters[s->counter_count++] = (quick_counter){here(s) - 4, loop, around, here(s)};
}

/* What happens where a counter runs out; `end` is where the frame is left. */
static void run_out(quick_state *s, const quick_counter *counter, int32_t end) {
  quick_patch(s, counter->at, here(s));
  machine_number(s, RDX, counter->loop);
  machine_number(s, RSI, s->index);
  machine_number(s, RCX, counter->around);
  memcpy(s->c, s->keep, (size_t)s->keep_size);
  s->c += s->keep_size;
  machine_move(s, WORD, RDI, CONTEXT);
  machine_load(s, WORD, RAX, CONTEXT, offsetof(we_instance, runtime));
  machine_call_at(s, RAX, offsetof(we_runtime, hot));
  memcpy(s->c, s->restore, (size_t)s->restore_size);
  s->c += s->restore_size;
  if (counter->loop != 0) {
    machine_jump_if_zero(s, RAX);
    quick_patch(s, here(s) - 4, counter->back);
    for (int i = 0; i < s->pinned_count && s->pins > 0; i++) {
      const quick_operand *local = &s->locals[s->pinned[i]];
      machine_store(s, local->type, local->reg, RBP, local->at);
    }
    machine_move(s, WORD, RDI, CONTEXT);
    machine_move(s, WORD, RSI, RBP);
    machine_call(s, RAX);
    machine_jump(s);
    quick_patch(s, here(s) - 4, end);
  } else {
    machine_jump(s);
    quick_patch(s, here(s) - 4, counter->back);
  }
}

void quick_run_out(quick_state *s, int32_t end) {
  for (int i = 0; i < s->counter_count && s->c <= s->limit; i++) run_out(s, &s->counters[i], end);
}
