"""The evidence of a run: runs/<run>/audit/, written after each fetch and at the end of each run, locked or not. Bytes
in, bytes out: who reads and writes files, stores and keys is lifecycle/evidence.

Names inside are relative to the run's folder (`outputs/model.keras`) in statements, and to audit/ in sums
(`../outputs/model.keras`). All digests are SHA-256 in hexadecimal.

run.json                  the document `run`, as it stood when this was written
ledger.json               {"deadline", "limit", "max_cost_usd", "usd_per_hour", "intervals": [what was billed]}
stacks.json               {part: {"sha256": of the whole state, "resources": [{"urn", "type", "id"}]}}, as Pulumi told
baseline.json             {part: {"group", "taken", "resources": [{"id", "type", "api_version", "sent", "found",
                          "why"}]}}: what ARM was asked for, and had right after; long texts by their digests
events.jsonl              the run's event log; each line holds the digest of the line before it
tune.jsonl                of a tune: the entries of its journal, one a line, as they were written down
nodes/<n>.json            {"node": n, "registration": NodeRegistration, "tasks": [TaskStatus], "evidence": NodeEvidence
                          or null}: what node n said of itself
nodes/<n>.attested.p7     the words of its cloud on it (PKCS#7, DER), from before its first task;
nodes/<n>.attested-after.p7  the same from after its last one
nodes/<n>.attested-chain.pem  the certificates between their signers and the root, where there are any
lock.yaml                 what was run; of a run that was not locked manifest.resolved.yaml
deploy/…                  the program that Pulumi ran
source.sha256             the files that travelled to the nodes: (cd source && sha256sum -c …/source.sha256)
logs.sha256               the logs at home, ../tasks/*.log and ../nodes/*.log, with their times
bom.cdx.json              CycloneDX 1.6: image, drivers, GPUs, packages, data, model
statement.json            in-toto Statement v1 with SLSA provenance v1
statement.sigstore.json   the same bytes in a DSSE envelope, in a Sigstore bundle v0.3, where a key signed
model.sig                 OpenSSF Model Signing v1.0 over outputs/, by the same key; none where outputs/ is empty
SHA256SUMS                all files of audit/ but itself, all outputs and all logs

What ties them: the statement's `subject` is every file of outputs/, checkpoints/, logs/ and left/, of a tune those of
trials/ and best/ (where there is none, audit/run.json); `resolvedDependencies` repeats source.sha256's digest,
packages, image, inputs and checkpoint, which bom.cdx.json and the lock name too; `byproducts` has the digest of every
other file of audit/ but SHA256SUMS and the two signatures. The one of events.jsonl is annotated with the number of its
lines and the digest of its last one (`head`), so that a tail that was cut shows; the one of run.json with result and
exit code. statement.sigstore.json signs statement.json, byte for byte. Without a signature all of this is integrity
against itself only.
"""
