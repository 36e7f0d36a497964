"""The byte pipes under the devices: real wires, a script of expected traffic, or a twin."""
