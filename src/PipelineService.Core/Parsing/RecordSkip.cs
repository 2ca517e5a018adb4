namespace PipelineService.Core.Parsing;

/// <summary>Passes over one record that is too long to be kept, piece by piece.</summary>
public abstract class RecordSkip
{
    /// <summary>Passes over what is at hand.</summary>
    /// <param name="bytes">The first ones start where the record does, the next where the last ones ended.</param>
    /// <param name="isFinal">Whether no byte follows.</param>
    /// <param name="isOver">Whether the record ends with the bytes that were passed.</param>
    /// <param name="fault">Why nobody knows where it ends; its place is within these bytes.</param>
    /// <returns>How many of the bytes are passed.</returns>
    public abstract int Pass(ReadOnlySpan<byte> bytes, bool isFinal, out bool isOver, out FramingFault? fault);

    /// <summary>How many lines end in bytes that were passed.</summary>
    /// <param name="passed">The bytes.</param>
    /// <param name="isOver">Whether the record ends with them.</param>
    public virtual int LinesIn(ReadOnlySpan<byte> passed, bool isOver) => passed.Count((byte)'\n');
}

/// <summary>Reads what closes a document behind its last record, piece by piece.</summary>
public abstract class DocumentTail
{
    /// <summary>Reads on.</summary>
    /// <param name="bytes">The first ones start where the tail does, the next behind those that were read.</param>
    /// <param name="isFinal">Whether no byte follows.</param>
    /// <param name="fault">Why it does not close the document; its place is within these bytes.</param>
    /// <returns>How many of the bytes were read; fewer than there are where something goes on behind them.</returns>
    public abstract int Read(ReadOnlySpan<byte> bytes, bool isFinal, out FramingFault? fault);
}
