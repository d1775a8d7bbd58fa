"""Evidence: a numbered run, sealed as one file that a stranger can check offline, a year later.

    enrol(...)                  the run's number, before anything is touched        register, record
    seal(run, ...)              the operator's seal over everything                 sealing, seals, container
    countersign(bundle, ...)    the reviewer's, over the operator's
    verify(bundle, trust)       the first broken link, or none                      verify, sequence
    read_bundle(bundle)         what is in it, believed or not                      bundle

`verify_alone.py` does the same check without any of this, but for judging again.
"""

from drill.evidence.bundle import Bundle as Bundle
from drill.evidence.bundle import read_bundle as read_bundle
from drill.evidence.environment import environment_bytes as environment_bytes
from drill.evidence.keys import TrustedKey as TrustedKey
from drill.evidence.keys import keygen as keygen
from drill.evidence.keys import read_public as read_public
from drill.evidence.keys import signer as signer
from drill.evidence.record import Previous as Previous
from drill.evidence.record import Record as Record
from drill.evidence.record import record_bytes as record_bytes
from drill.evidence.register import enrol as enrol
from drill.evidence.register import read_register as read_register
from drill.evidence.sealing import SUFFIX as SUFFIX
from drill.evidence.sealing import Signing as Signing
from drill.evidence.sealing import bundle_path as bundle_path
from drill.evidence.sealing import countersign as countersign
from drill.evidence.sealing import seal as seal
from drill.evidence.seals import Seal as Seal
from drill.evidence.sequence import Wanted as Wanted
from drill.evidence.sequence import sequence as sequence
from drill.evidence.verify import Link as Link
from drill.evidence.verify import Trust as Trust
from drill.evidence.verify import Verification as Verification
from drill.evidence.verify import verify as verify
