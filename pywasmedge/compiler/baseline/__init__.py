"""The quick code generator: stencils and moves, written down while the walker checks a body.

One pass, no intermediate form. ``operands`` mirrors the operand stack; what is known about an
operand is kept there until it is needed: constants and unchanged locals cost nothing before an
instruction takes them. A computed operand at position ``h`` of the stack is in the register
``h % REGISTERS`` of its kind, or, when that is needed for a higher one, in the frame, in slot
``base + h``. At labels everything below the label's operands is in the frame, a single operand of a
branch in its register, several in the frame.

Locals live in the frame's first slots; up to three whole numbers that seem to be used most live in
registers that calls keep.
"""
