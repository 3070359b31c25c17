"""What azure-native's resources are in ARM: types, paths, bodies. Pure; both sides of ARM's wire stand on it."""
