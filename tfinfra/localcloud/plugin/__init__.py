"""A stand-in for Pulumi's azure-native provider 3.29: Pulumi's engine on one side, ARM over HTTPS on the other.

It knows no resource's behaviour: azure-native inputs become an ARM body, the body is PUT, what ARM answers becomes
azure-native outputs. Around that it does what the real provider does (pulumi/pulumi-azure-native, provider/pkg): what
it asks before and after a write, what it repeats and how long it waits, how it words errors. Run as
`python -m tfinfra.localcloud.plugin`; its first line is its port. package.py makes an archive of it, to be installed as
the real one is.
"""
