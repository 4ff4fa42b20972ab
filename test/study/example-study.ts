// A valid study file that uses every feature, for tests to read and to damage.
export const EXAMPLE = `# A comment
name: example-study
title: "Everything a study can say"
seed: 7
data:
  sphere: { distribution: sphere, n: [40, 30, 20], d: [12, 8, 4], labels: { signal: zero, noise: signs } }
  teacher:
    distribution: gaussian
    n: 25
    d: [3, 5]
    labels:
      signal: { kind: teacher, neurons: 4 }
      noise: { kind: gaussian, sigma: 0.25 }
      clip: true
  mixture: &mixture
    distribution: gaussian-mixture
    n: 30
    d: 6
    components: 3
    labels: { signal: component, flips: 0.1 }
  digits: { source: optical-digits, n: 50, task: parity, flips: 0.5, normalize: true }
families:
  projected: { memorizer: projected-rbf, sizes: [1, 2, 4, d] }
  smoothest: { memorizer: mcshane }
  groups: { memorizer: grouped, sizes: [2, 4] }
  network: { train: { model: two-layer }, sizes: [10, '4 n/5'], training: { steps: 50, learningRate: 0.01, stop: { memorized: 0.1 } } }
trials:
  - { data: [sphere, mixture], families: [projected, smoothest], seeds: 3 }
  - data: [teacher]
    families: [network]
    measures: [slice, trajectory]
    search: sample
  - { data: [digits, sphere], families: [smoothest], seeds: 2, measures: [gradients] }
limits: { seconds: 600 }
analysis:
  effectiveDimension: []
  fitFrom: 0.5
  fits:
    - title: Gradients against the law
      quantity: gradients
      predictor: sqrt(nd/P)
      families: [smoothest]
      per: [data]
      rivals: [sqrt(n/P), n^(1/d)]
      sums: [[sqrt(n/P), d]]
      bins: 0.5
      published: [bln-2021-figure-2]
`;
