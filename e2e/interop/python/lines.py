"""What every checker here does: say which version it stands on, then answer each line on standard input,
which is a token, with a line of JSON."""
import json
import os
import sys

issuer, audience, alg = os.environ["ISSUER"], os.environ["AUDIENCE"], os.environ["ALG"]


def say(**line):
    print(json.dumps(line), flush=True)


def verifier(version, verify):
    say(version=version)
    for token in sys.stdin:
        try:
            verify(token.strip())
            say(accepted=True)
        except Exception as e:
            say(accepted=False, reason=f"{type(e).__name__}: {e}")
