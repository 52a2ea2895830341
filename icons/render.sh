#!/usr/bin/env bash
# Renders the icons from their drawings: `icons/render.sh`, with ImageMagick and rsvg-convert. The pictures are committed.
#
# Tray glyphs are drawn black; panels are dark or light, and Linux does not say which. So each becomes white with a dark
# rim, which reads on both.
set -euo pipefail
cd "$(dirname "$0")"

for svg in tray/*.svg; do
    rsvg-convert -w 44 -h 44 "$svg" | convert - -alpha extract "/tmp/mask.$$.png"
    convert "/tmp/mask.$$.png" -morphology Dilate Disk:2 -evaluate multiply 0.7 "/tmp/rim.$$.png"
    convert -size 44x44 xc:black "/tmp/rim.$$.png" -alpha off -compose CopyOpacity -composite "/tmp/under.$$.png"
    convert -size 44x44 xc:white "/tmp/mask.$$.png" -alpha off -compose CopyOpacity -composite "/tmp/over.$$.png"
    convert "/tmp/under.$$.png" "/tmp/over.$$.png" -compose over -composite -strip "PNG32:${svg%.svg}.png"
done
for size in 32 128 256; do
    rsvg-convert -w "$size" -h "$size" app.svg -o "$size.png"
done
rm -f "/tmp/mask.$$.png" "/tmp/rim.$$.png" "/tmp/under.$$.png" "/tmp/over.$$.png"
