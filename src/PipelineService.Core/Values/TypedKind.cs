namespace PipelineService.Core.Values;

/// <summary>What a typed value is. Each kind has one CLR type and one type of PostgreSQL, whose rules it follows.</summary>
public enum TypedKind : byte
{
    /// <summary>Nothing is known but that there is no value: the literal <c>null</c>.</summary>
    Null,

    /// <summary><see cref="TextSlice"/>; text, compared byte by byte (collation "C").</summary>
    Text,

    /// <summary><see cref="long"/>; bigint.</summary>
    Integer,

    /// <summary><see cref="decimal"/>; numeric, as far as 28 digits go.</summary>
    Number,

    /// <summary><see cref="double"/>; double precision.</summary>
    Float,

    /// <summary><see cref="bool"/>; boolean.</summary>
    Boolean,

    /// <summary><see cref="Day"/>; date.</summary>
    Date,

    /// <summary><see cref="LocalDateTime"/>; timestamp without time zone.</summary>
    LocalDateTime,

    /// <summary><see cref="Instant"/>; timestamp with time zone, shown in UTC.</summary>
    DateTime,

    /// <summary><see cref="JsonSlice"/>; jsonb.</summary>
    Json,
}
