"""A quarter of drills as one document, and two sets of runs held against each other.

    runs, drill files, findings.yaml -> population -> build_quarter -> QuarterView -+- HTML, PDF/A-3, Markdown
                                                                                   +- OSCAL, JUnit, CSV

Runs are judged from their journals again, one by one. Everything after that is a pure function of its
arguments, so that the same runs give the same bytes a year later on another machine.
"""
