"""The azure-native provider plugin of the local cloud: Pulumi's engine on one side, ARM over HTTPS on the other.

It holds no state and knows no resource's behaviour: azure-native inputs become an ARM body, the body is PUT, what ARM
answers becomes azure-native outputs. Run as `python -m tfinfra.localcloud.plugin`; its first line is its port.
"""
