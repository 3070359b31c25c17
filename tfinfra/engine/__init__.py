"""The real Pulumi engine, driven through its Automation API. No other room knows Pulumi's command line tool."""
