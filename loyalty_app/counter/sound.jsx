// What is heard and felt of an answer.

const TONES = { accepted: [[660, 0, 0.12], [990, 0.12, 0.22]], used: [[220, 0, 0.16], [220, 0.22, 0.24]], provisional: [[660, 0, 0.1], [660, 0.16, 0.1]], other: [[330, 0, 0.28]] };
const PULSES = { accepted: [80], provisional: [40, 60, 40], used: [60, 60, 60, 60, 160], other: [60, 80, 60] };
const isStill = () => matchMedia("(prefers-reduced-motion: reduce)").matches;

let audio;
export function unlockSound() { // browsers let a page make sounds only after it was touched
  try {
    audio ??= new AudioContext();
    audio.resume().catch(() => {});
  } catch { /* a till without sound is a till */ }
}

export function signal(shape) {
  if (navigator.userActivation?.hasBeenActive !== false && !isStill()) navigator.vibrate?.(PULSES[shape] ?? PULSES.other);
  if (audio?.state !== "running") return;
  for (const [pitch, start, length] of TONES[shape] ?? TONES.other) {
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
