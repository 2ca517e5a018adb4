namespace PipelineService.Spool.Decoding;

/// <summary>What is wrong with compressed data.</summary>
internal enum DecodingFault
{
    /// <summary>It ends in the middle.</summary>
    Truncated,

    /// <summary>It is not what its form says.</summary>
    Damaged,

    /// <summary>It is right as far as is known, and asks for what is not given: a larger window, a dictionary.</summary>
    Unsupported,

    /// <summary>It decodes to more than is taken.</summary>
    TooLarge,

    /// <summary>It is no text, or text of another encoding; the message is all that is told.</summary>
    OtherText,
}

/// <summary>Compressed data cannot be decoded. Thrown once for a job, never for a record.</summary>
/// <param name="fault">What kind of fault it is.</param>
/// <param name="message">A clause that says what is wrong, as "its checksum is wrong".</param>
/// <param name="offset">Where, from the start of the piece that was being decoded.</param>
internal sealed class DecodingException(DecodingFault fault, string message, int offset) : Exception(message)
{
    public DecodingFault Fault { get; } = fault;

    public int Offset { get; } = offset;
}
