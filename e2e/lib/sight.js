// Whether the browser proves that something in a frame is seen, in the way that the gate of the issuer asks for it.

/**
 * Runs in the frame (`locator.evaluate(sight, true)`): waits until the row of answers has been seen, or has not been, for so long
 * that the gate knows. The gate notes it up to 100 ms after us, in the next picture that the browser draws, and counts half a
 * second from then. On a slow machine a picture takes long, so both are counted: time and pictures.
 */
export async function sight(row, isWanted) {
  let isSeen
  new IntersectionObserver((entries) => {
    const { isVisible, intersectionRatio } = entries.at(-1)
    isSeen = isVisible && intersectionRatio >= 0.99
  }, { threshold: [0, 0.5, 0.99, 1], trackVisibility: true, delay: 100 }).observe(row)
  let since = 0
  let pictures = 0
  let noted = 0
  for (;;) {
    const now = await new Promise(requestAnimationFrame)
    if (isSeen !== isWanted) since = pictures = noted = 0
    else if (!since) since = now
    else if (now - since > 150 && pictures < 3) pictures += 1
    else if (pictures === 3) noted ||= now
    if (noted && now - noted > 600) return
  }
}
