using System.Collections.Frozen;

namespace PipelineService.Core.Rules;

/// <summary>
/// The names of <see cref="RecordErrorCode"/> that clients and the database see: never change one, only add.
/// </summary>
public static class RecordErrorCodes
{
    private static readonly FrozenDictionary<string, RecordErrorCode> ByName =
        Enum.GetValues<RecordErrorCode>().Where(code => code != RecordErrorCode.None).ToFrozenDictionary(NameOf);

    /// <summary>The name of a code in JSON and in the dead letters.</summary>
    public static string NameOf(RecordErrorCode code) => code switch
    {
        RecordErrorCode.TypeMismatch => "type_mismatch",
        RecordErrorCode.Required => "required",
        RecordErrorCode.Minimum => "minimum",
        RecordErrorCode.Maximum => "maximum",
        RecordErrorCode.MinLength => "min_length",
        RecordErrorCode.MaxLength => "max_length",
        RecordErrorCode.Pattern => "pattern",
        RecordErrorCode.Enum => "enum",
        RecordErrorCode.Format => "format",
        RecordErrorCode.Unique => "unique",
        RecordErrorCode.ForeignKey => "foreign_key",
        RecordErrorCode.Check => "check",
        RecordErrorCode.InvalidUtf8 => "invalid_utf8",
        RecordErrorCode.NulCharacter => "nul_character",
        RecordErrorCode.TooFewFields => "too_few_fields",
        RecordErrorCode.TooManyFields => "too_many_fields",
        RecordErrorCode.UnterminatedQuote => "unterminated_quote",
        RecordErrorCode.RecordTooLong => "record_too_long",
        RecordErrorCode.MalformedJson => "malformed_json",
        RecordErrorCode.OutOfRange => "out_of_range",
        RecordErrorCode.DuplicateField => "duplicate_field",
        RecordErrorCode.Expression => "expression",
        RecordErrorCode.Database => "database",
        RecordErrorCode.MoreErrors => "more_errors",
        RecordErrorCode.Unmended => "unmended",
        RecordErrorCode.Unmapped => "unmapped",
        RecordErrorCode.ResultTooLong => "result_too_long",
        RecordErrorCode.ExclusiveMinimum => "exclusive_minimum",
        RecordErrorCode.ExclusiveMaximum => "exclusive_maximum",
        RecordErrorCode.JsonSchema => "json_schema",
        RecordErrorCode.Require => "require",
        RecordErrorCode.LookupMissing => "lookup_missing",
        RecordErrorCode.NoItems => "no_items",
        RecordErrorCode.TooManyItems => "too_many_items",
        RecordErrorCode.InvalidEncoding => "invalid_encoding",
        RecordErrorCode.ScoreInputMissing => "score_input_missing",
        RecordErrorCode.ScoreInputTooLarge => "score_input_too_large",
        RecordErrorCode.ScoreNotFinite => "score_not_finite",
        RecordErrorCode.ScoreFailed => "score_failed",
        _ => throw new ArgumentOutOfRangeException(nameof(code), code, "Not an error."),
    };

    /// <summary>The code of a name; false when there is none.</summary>
    public static bool TryParse(string name, out RecordErrorCode code) => ByName.TryGetValue(name, out code);
}
