"""An SVG of ours as a PNG: the one place that knows the renderer."""


def png(svg: str) -> bytes:
    """Return the drawing as PNG, twice its size in pixels. The renderer is imported with the first picture."""
    import vl_convert

    return bytes(vl_convert.svg_to_png(svg, scale=2))
