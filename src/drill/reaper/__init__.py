"""Nothing outlives a drill: who undoes its faults when the drill itself cannot.

    conductor ──beats──▶ reaper          a pipe: silence longer than the lease, or its end, and the reaper
        │                  │             fences the ledger, ends the toolkit, and undoes in reverse order
        ▼                  ▼
    toolkit ──▶ journal/faults.jsonl     what may be outstanding, with the state from before it
                   ▲
              drill heal                 the same from the journal alone, when both are dead

Each writes a stream of its own. A run is alive while the kernel holds a lock for one of its processes; so is
a target held (`lock`). No clock, no process id and no clean-up decides either.
"""
