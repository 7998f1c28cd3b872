"""apprise's json:// to a loopback port. Arguments: port count length-of-the-body."""

import json
import sys
import time

import apprise

port, count, length = (int(argument) for argument in sys.argv[1:])
sender = apprise.Apprise()
assert sender.add(f"json://127.0.0.1:{port}/hook")
body = ("Of 1,204 invoices 1,201 are paid. " * (length // 34 + 1))[: max(1, length - 120)]
start = time.perf_counter()
fine = sum(bool(sender.notify(title="1,201 of 1,204 invoices are paid", body=body)) for _ in range(count))
rate = count / (time.perf_counter() - start)
assert fine == count, f"{fine} of {count} were sent"
print(json.dumps({"rate": rate}))
