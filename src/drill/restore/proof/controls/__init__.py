"""Negative controls: damages planted on copies, each with the check that has to go red.

A check that was only ever seen green proves nothing of itself. So each drill damages copies of what it has
just proved, and asks the same checks again. Nothing here writes to what was proved: folders are copied, or
built anew from hard links with the one damaged file put in the place of its link.
"""
