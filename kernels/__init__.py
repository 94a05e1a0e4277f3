"""Numerical kernels: each folder holds a plain reference, and a fast path where there is one."""
