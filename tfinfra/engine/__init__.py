"""The real Pulumi engine, driven through its Automation API. Only here is Pulumi's command line tool known."""
