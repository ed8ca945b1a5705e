// The little of ISO/IEC 14496-12 that a player has to know.

const textAt = (bytes, at) => String.fromCharCode(...bytes.subarray(at, at + 4));

// An initialisation segment begins with a box of the file's type.
export const isInit = (data) => textAt(new Uint8Array(data, 0, 8), 4) === "ftyp";

// The codec as MSE names it, from the configuration of H.264 (14496-15, 5.3.3.1).
export function codecOf(data) {
  const bytes = new Uint8Array(data);
  for (let at = 0; at + 8 < bytes.length; at++) {
    if (bytes[at] === 0x61 && textAt(bytes, at) === "avcC") {
      const profile = bytes.subarray(at + 5, at + 8);
      return `avc1.${Array.from(profile, (b) => b.toString(16).padStart(2, "0")).join("")}`;
    }
  }
  return null;
}
