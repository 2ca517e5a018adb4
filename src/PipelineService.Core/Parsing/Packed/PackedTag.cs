namespace PipelineService.Core.Parsing.Packed;

/// <summary>
/// What a value of a packed record is: the byte before it. Numbers are little-endian. The values of this list are in files that a later
/// version reads.
/// </summary>
public enum PackedTag : byte
{
    /// <summary>No value, and no byte of one.</summary>
    Null = 0,

    /// <summary>Its length (32 bits), then text as it is.</summary>
    Text = 1,

    /// <summary>Its length (32 bits), then any value of JSON as it is written there.</summary>
    Json = 2,

    /// <summary>64 bits.</summary>
    Integer = 3,

    /// <summary>The digits as a whole number of 64 bits, then how many of them are behind the point (8 bits).</summary>
    Decimal = 4,

    /// <summary>64 bits of floating point.</summary>
    Float = 5,

    /// <summary>32 bits of floating point.</summary>
    Single = 6,

    /// <summary>Days since 2000-01-01 (32 bits).</summary>
    Date = 7,

    /// <summary>Microseconds since 2000-01-01 00:00:00 (64 bits), wherever that is.</summary>
    LocalDateTime = 8,

    /// <summary>The same in UTC.</summary>
    Instant = 9,

    /// <summary>That, and no byte more.</summary>
    False = 10,

    /// <inheritdoc cref="False"/>
    True = 11,
}
