// Two minutes of a stream on small canvases. A point is [seconds, fps, ms, ...thousandths].

export const SPAN_S = 120;
const GAP_S = 3.5; // points further apart are not joined

function begin(canvas) {
  const scale = devicePixelRatio || 1;
  const { clientWidth: width, clientHeight: height } = canvas;
  if (canvas.width !== Math.round(width * scale)) canvas.width = Math.round(width * scale);
  if (canvas.height !== Math.round(height * scale)) canvas.height = Math.round(height * scale);
  const context = canvas.getContext("2d");
  context.setTransform(scale, 0, 0, scale, 0, 0);
  context.clearRect(0, 0, width, height);
  return { context, width, height };
}

function runs(points) {
  const found = [];
  let last = -Infinity;
  for (const point of points) {
    if (point[0] - last > GAP_S) found.push([]);
    found.at(-1).push(point);
    last = point[0];
  }
  return found.filter((run) => run.length > 1);
}

// Class shares, one over the other.
export function drawAreas(canvas, points, now, colours) {
  const { context, width, height } = begin(canvas);
  const x = (point) => width * (1 - (now - point[0]) / SPAN_S);
  const seen = points.filter((point) => point.slice(3).some((share) => share > 0));
  for (const run of runs(seen)) {
    const below = run.map(() => height);
    colours.forEach((colour, index) => {
      context.beginPath();
      run.forEach((point, i) => context.lineTo(x(point), below[i]));
      for (let i = run.length - 1; i >= 0; i--) {
        below[i] -= (run[i][3 + index] / 1000) * height;
        context.lineTo(x(run[i]), below[i]);
      }
      context.fillStyle = colour;
      context.fill();
    });
  }
}

// One figure as a line over nothing.
export function drawLine(canvas, points, now, index, colour) {
  const { context, width, height } = begin(canvas);
  const highest = Math.max(1, ...points.map((point) => point[index])) * 1.1;
  context.strokeStyle = context.fillStyle = colour;
  context.lineWidth = 1.25;
  context.lineJoin = "round";
  for (const run of runs(points)) {
    const x = (point) => width * (1 - (now - point[0]) / SPAN_S);
    context.beginPath();
    for (const point of run) {
      context.lineTo(x(point), height - 1 - (point[index] / highest) * (height - 2));
    }
    context.stroke();
    context.lineTo(x(run.at(-1)), height);
    context.lineTo(x(run[0]), height);
    context.globalAlpha = 0.15;
    context.fill();
    context.globalAlpha = 1;
  }
}
