"""The parts of `lower-to-rt`: slots of values, arithmetic on sizes, state, control flow, and what is refused."""
