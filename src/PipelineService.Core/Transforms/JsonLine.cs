namespace PipelineService.Core.Transforms;

/// <summary>One line of a chunk that is a JSON record.</summary>
/// <param name="json">Its bytes, without the line end.</param>
/// <param name="start">Where they start in the chunk.</param>
/// <param name="record">1-based number of the record in the upload.</param>
/// <param name="number">1-based number of the line in the upload.</param>
internal readonly ref struct JsonLine(ReadOnlySpan<byte> json, int start, long record, long number)
{
    public ReadOnlySpan<byte> Json { get; } = json;

    public int Start { get; } = start;

    public long Record { get; } = record;

    public long Number { get; } = number;
}
