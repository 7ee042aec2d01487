"""What profilers and debuggers are told about machine code."""
