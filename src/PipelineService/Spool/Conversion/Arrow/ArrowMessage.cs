namespace PipelineService.Spool.Conversion.Arrow;

/// <summary>
/// What a message is. Source: <c>union MessageHeader</c> in https://github.com/apache/arrow/blob/main/format/Message.fbs.
/// </summary>
internal enum ArrowMessageKind : byte
{
    None, Schema, DictionaryBatch, RecordBatch, Tensor, SparseTensor,
}

/// <summary>A message: what is said of its body, and where that is.</summary>
internal sealed record ArrowMessage(ArrowMessageKind Kind, int Version, byte[] Metadata, long BodyOffset, long BodyBytes)
{
    private const int Version4 = 3;
    private const int Version5 = 4;

    /// <param name="bodyBytesMax">What is there of its body and what follows.</param>
    public static ArrowMessage Of(byte[] metadata, long bodyOffset, long bodyBytesMax)
    {
        var table = FlatTable.RootOf(metadata);
        int version = table.Short(0);
        long body = table.Long(3);
        return version is not (Version4 or Version5) ? throw ArrowFaults.NotRead("metadata of another version than those of Arrow 0.8 and later")
            : body < 0 ? throw ArrowFaults.Damaged("a body has a length that is none")
            : body > bodyBytesMax ? throw ArrowFaults.CutOff(bodyOffset + bodyBytesMax, "within the body of a message")
            : new ArrowMessage((ArrowMessageKind)table.Byte(1), version, metadata, bodyOffset, body);
    }

    /// <summary>What it says by its kind.</summary>
    public FlatTable Header() => FlatTable.RootOf(Metadata).Table(HeaderSlot);

    /// <summary>Of a footer another than of a message.</summary>
    public int HeaderSlot { get; init; } = 2;
}
