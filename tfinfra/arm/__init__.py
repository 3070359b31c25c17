"""What azure-native's resources are in ARM: types, paths, bodies. Pure, and used on both sides of ARM's wire."""
