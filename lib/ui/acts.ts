export interface Acts {
  readonly todo?: undefined;
}
