using PipelineService.Core.Datasets;

namespace PipelineService.Client.Sample;

/// <summary>What trips to make. The same options give the same bytes, on any machine and in any version.</summary>
internal sealed record TripsOptions
{
    public required long Rows { get; init; }

    public ulong Seed { get; init; } = 1;

    public DataFormat Format { get; init; } = DataFormat.Csv;

    /// <summary>What ends a CSV record: LF or CR LF. Line breaks inside quotes are always LF.</summary>
    public string LineEnding { get; init; } = "\n";

    /// <summary>How many records, of 1, hold a text that their column's type cannot read.</summary>
    public double TypeErrorShare { get; init; }

    /// <summary>How many records, of 1, break one of the definition's constraints.</summary>
    public double RuleErrorShare { get; init; }

    /// <summary>How many records, of 1, repeat the key of an earlier good one; a fault only where trip_id is the key.</summary>
    public double DuplicateShare { get; init; }
}

/// <summary>A record that must be rejected, and why: what a load of the trips is compared with.</summary>
/// <param name="Line">1-based number of the physical line on which the record starts.</param>
/// <param name="Record">1-based number of the record, the header not counted.</param>
/// <param name="Field">The field at fault.</param>
/// <param name="Code">The code of the error, as clients see it.</param>
internal readonly record struct ExpectedReject(long Line, long Record, string Field, string Code);
