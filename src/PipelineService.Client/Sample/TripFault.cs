using System.Text.Json;
using PipelineService.Core.Rules;

namespace PipelineService.Client.Sample;

/// <summary>The kinds of bad records that can be asked for.</summary>
internal enum TripFaultKind
{
    None,
    TypeError,
    RuleViolation,
    DuplicateKey,
}

/// <summary>One way to spoil a trip: a text put in the place of one field's value.</summary>
/// <param name="Column">Whose value it takes the place of.</param>
/// <param name="Code">The error that it must lead to.</param>
/// <param name="Text">The bad text, free of anything that CSV or JSON would have to quote or escape.</param>
/// <param name="IsJsonText">Whether JSON writes it as a string.</param>
internal sealed record TripFault(TripColumn Column, RecordErrorCode Code, byte[] Text, bool IsJsonText)
{
    /// <summary>Texts that no reading of the column's type allows, so that no tolerance decides the outcome.</summary>
    public static TripFault[] TypeErrors { get; } =
    [
        new(TripColumn.Passengers, RecordErrorCode.TypeMismatch, "two"u8.ToArray(), IsJsonText: true),
        new(TripColumn.Fare, RecordErrorCode.TypeMismatch, "12.5O"u8.ToArray(), IsJsonText: true),
        new(TripColumn.PickupAt, RecordErrorCode.TypeMismatch, "yesterday"u8.ToArray(), IsJsonText: true),
        new(TripColumn.Paid, RecordErrorCode.TypeMismatch, "maybe"u8.ToArray(), IsJsonText: true),
        new(TripColumn.DistanceKm, RecordErrorCode.TypeMismatch, "far"u8.ToArray(), IsJsonText: true),
    ];

    /// <summary>One for every constraint of <see cref="TripsDefinition"/>.</summary>
    public static TripFault[] RuleViolations { get; } =
    [
        new(TripColumn.Passengers, RecordErrorCode.Minimum, "0"u8.ToArray(), IsJsonText: false),
        new(TripColumn.Passengers, RecordErrorCode.Maximum, "99"u8.ToArray(), IsJsonText: false),
        new(TripColumn.Fare, RecordErrorCode.Minimum, "-1.00"u8.ToArray(), IsJsonText: false),
        new(TripColumn.Vendor, RecordErrorCode.Enum, "nobody"u8.ToArray(), IsJsonText: true),
        new(TripColumn.Note, RecordErrorCode.MaxLength, TooLongNote(), IsJsonText: true),
    ];

    public static TripFault DuplicateKey { get; } =
        new(TripColumn.TripId, RecordErrorCode.Unique, [], IsJsonText: false);

    /// <summary>The reject that this fault must lead to.</summary>
    public ExpectedReject RejectAt(long line, long record) => new(
        line,
        record,
        TripsDefinition.NameOf(Column),
        JsonNamingPolicy.SnakeCaseLower.ConvertName(Code.ToString()));

    private static byte[] TooLongNote()
    {
        byte[] text = new byte[TripsDefinition.NoteLengthMax + 1];
        Array.Fill(text, (byte)'z');
        return text;
    }
}
