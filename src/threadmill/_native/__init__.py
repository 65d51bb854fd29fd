"""The one layer where Python meets the C library: arrays become addresses, statuses become exceptions.

Each module belongs to one part of csrc/threadmill.h and calls things as that does, without `tm_`. Nothing
here decides what a user's arguments mean; that is the public modules' work.
"""
