// What is heard and felt of an answer: each outcome has a tune and a pulse of its own.

const TONES = { // pitch, start, length
  accepted: [[660, 0, 0.12], [990, 0.12, 0.22]],
  goodwill: [[660, 0, 0.1], [880, 0.1, 0.1], [660, 0.2, 0.2]],
  used: [[220, 0, 0.16], [220, 0.22, 0.24]],
  disabled: [[220, 0, 0.1], [165, 0.12, 0.36]],
  frozen: [[415, 0, 0.3], [349, 0.34, 0.3]],
  expired: [[520, 0, 0.14], [390, 0.14, 0.14], [290, 0.28, 0.26]],
  unclaimed: [[494, 0, 0.12], [392, 0.16, 0.12], [494, 0.32, 0.18]],
  unknown: [[180, 0, 0.45]],
  link: [[392, 0, 0.1], [494, 0.12, 0.1], [392, 0.24, 0.1], [494, 0.36, 0.14]],
  problem: [[330, 0, 0.28]],
  provisional: [[660, 0, 0.1], [660, 0.16, 0.1]],
  unchecked: [[440, 0, 0.1], [440, 0.2, 0.1], [330, 0.4, 0.2]],
  basket: [[590, 0, 0.1]],
  undone: [[880, 0, 0.1], [590, 0.1, 0.2]],
  empty: [[330, 0, 0.08], [280, 0.1, 0.14]],
  two: [[440, 0, 0.09], [440, 0.15, 0.09], [550, 0.3, 0.12]],
};
const PULSES = {
  accepted: [80], goodwill: [80, 60, 80], used: [60, 60, 60, 60, 160], disabled: [60, 60, 240], frozen: [240, 80, 240], expired: [200, 80, 80],
  unclaimed: [60, 60, 60], unknown: [400], link: [40, 40, 40, 40, 80], problem: [120, 60, 120], provisional: [80, 120, 40], unchecked: [40, 120, 40, 120, 80],
  basket: [40], undone: [40, 40, 40], empty: [120], two: [40, 80, 40],
};
const isStill = () => matchMedia("(prefers-reduced-motion: reduce)").matches;

let audio;
export function unlockSound() { // browsers let a page make sounds only after it was touched
  try {
    audio ??= new AudioContext();
    audio.resume().catch(() => {});
  } catch { /* a till without sound is a till */ }
}

export function signal(shape) {
  if (navigator.userActivation?.hasBeenActive !== false && !isStill()) navigator.vibrate?.(PULSES[shape] ?? PULSES.problem);
  if (audio?.state !== "running") return;
  for (const [pitch, start, length] of TONES[shape] ?? TONES.problem) {
    const tone = audio.createOscillator();
    const volume = audio.createGain();
    const from = audio.currentTime + start;
    tone.frequency.value = pitch;
    volume.gain.setValueAtTime(0.0001, from);
    volume.gain.exponentialRampToValueAtTime(0.25, from + 0.02);
    volume.gain.exponentialRampToValueAtTime(0.0001, from + length);
    tone.connect(volume).connect(audio.destination);
    tone.start(from);
    tone.stop(from + length);
  }
}
