namespace PipelineService.Core.Values;

/// <summary>A date.</summary>
/// <param name="Days">Since 2000-01-01.</param>
public readonly record struct Day(int Days);

/// <summary>A date and a time of day, wherever that may be.</summary>
/// <param name="Microseconds">Since 2000-01-01 00:00:00.</param>
public readonly record struct LocalDateTime(long Microseconds);

/// <summary>A point in time.</summary>
/// <param name="Microseconds">Since 2000-01-01 00:00:00 UTC.</param>
public readonly record struct Instant(long Microseconds);
