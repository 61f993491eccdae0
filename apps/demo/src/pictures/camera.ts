import { fromBitmap } from './canvas.js';
import type { Planes } from './resample.js';

/** One picture of the camera, which is let go again. Throws where there is none or the visitor declines. */
export async function captureCamera(): Promise<Planes> {
  const stream = await navigator.mediaDevices
    ?.getUserMedia({ video: { facingMode: 'environment' } })
    .catch((error: Error) => {
      throw new Error(`the camera cannot be used: ${error.message}`);
    });
  if (!stream) throw new Error('this browser gives no camera to this page; it must come by https or from this machine');
  try {
    const video = document.createElement('video');
    video.muted = video.playsInline = true;
    video.srcObject = stream;
    await video.play();
    return fromBitmap(video, video.videoWidth, video.videoHeight);
  } finally {
    for (const track of stream.getTracks()) track.stop();
  }
}
