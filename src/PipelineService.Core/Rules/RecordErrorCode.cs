using System.Diagnostics.CodeAnalysis;

namespace PipelineService.Core.Rules;

/// <summary>
/// Why a record was rejected. Numbers and names are stored and read by clients: never change one, only add.
/// </summary>
[SuppressMessage("Design", "CA1027", Justification = "Each number stands for itself; a gap between them is no set of bits.")]
public enum RecordErrorCode : byte
{
    None = 0,
    TypeMismatch = 1,
    Required = 2,
    Minimum = 3,
    Maximum = 4,
    MinLength = 5,
    MaxLength = 6,
    Pattern = 7,
    Enum = 8,
    Format = 9,
    Unique = 10,
    ForeignKey = 11,
    Check = 12,
    InvalidUtf8 = 13,
    NulCharacter = 14,
    TooFewFields = 15,
    TooManyFields = 16,
    UnterminatedQuote = 17,
    RecordTooLong = 18,
    MalformedJson = 19,
    OutOfRange = 20,
    DuplicateField = 21,
    Expression = 22,

    /// <summary>The database refused the row for another reason: an exclusion constraint, a trigger, a domain.</summary>
    Database = 23,

    /// <summary>No fault of its own: the record has more errors than are told.</summary>
    MoreErrors = 24,

    /// <summary>A record of a CSV of rejects whose cells do not hold all that was sent, and say so.</summary>
    Unmended = 25,

    /// <summary>A step that maps texts has no entry for this one, and is told to take no other.</summary>
    Unmapped = 26,

    /// <summary>What the steps make of the record is longer than they may.</summary>
    ResultTooLong = 27,

    ExclusiveMinimum = 28,
    ExclusiveMaximum = 29,
    JsonSchema = 30,

    /// <summary>A condition of the definition does not hold. Clients see the condition's own code.</summary>
    Require = 31,

    /// <summary>The dataset that is looked up has no row of this key.</summary>
    LookupMissing = 32,

    /// <summary>A document that must have records among its items has no array of them.</summary>
    NoItems = 33,

    /// <summary>The rows of a document's items would take more than they may.</summary>
    TooManyItems = 34,

    /// <summary>The record has bytes that are no character of the encoding that the data is in.</summary>
    InvalidEncoding = 36,

    /// <summary>A model needs a value that the record does not have.</summary>
    ScoreInputMissing = 40,

    /// <summary>A model is to take a number that its input cannot hold.</summary>
    ScoreInputTooLarge = 41,

    /// <summary>A model gives a number that is none, or none that the field can hold.</summary>
    ScoreNotFinite = 42,

    /// <summary>A model cannot take the values of the record.</summary>
    ScoreFailed = 43,
}
