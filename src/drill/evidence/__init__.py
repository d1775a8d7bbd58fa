"""Evidence: a numbered run, sealed as one file that a stranger can check offline, a year later.

    enrol(...)                  the run's number, before anything is touched        register, record
    seal(run, ...)              the operator's seal over everything                 sealing, seals, container
    countersign(bundle, ...)    the reviewer's, over the operator's
    verify(bundle, trust)       the first broken link, or none                      verify, sequence
    read_bundle(bundle)         what is in it, believed or not                      bundle

`verify_alone.py` does the same check without any of this, but for judging again. Each name is
imported from its own module: what signs brings the clouds' signers along, for which no other run waits.
"""
