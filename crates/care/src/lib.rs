//! care.
