;; Valid only with the proposal ReferenceTypes.
(module (table 1 funcref) (table 1 funcref))
