"""Social resources, participation support and resident activities. Holds nothing yet; the layer keeps its place."""
