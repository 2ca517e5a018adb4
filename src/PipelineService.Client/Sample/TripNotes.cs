using System.Text;
using System.Text.Json;

namespace PipelineService.Client.Sample;

/// <summary>A note in the forms in which files hold it.</summary>
/// <param name="Csv">Quoted where it must be.</param>
/// <param name="Json">A string, or null for no note.</param>
/// <param name="LineBreaks">Line breaks inside the CSV form: they move the lines of all records after it.</param>
internal sealed record TripNote(byte[] Csv, byte[] Json, int LineBreaks);

/// <summary>The notes that trips carry: mostly none, sometimes the traps that partners' files really hold.</summary>
internal static class TripNotes
{
    /// <summary>A quoted empty text is a missing value, as Table Schema says, just as the bare one.</summary>
    private static readonly TripNote QuotedNothing = new("\"\""u8.ToArray(), "null"u8.ToArray(), 0);

    private static readonly TripNote Nothing = new([], "null"u8.ToArray(), 0);

    private static readonly TripNote[] Pool =
    [
        .. Enumerable.Repeat(Nothing, 9),
        QuotedNothing,
        Create("left at the side door of the hotel"),
        Create("airport run before six in the morning"),
        Create("two stops, one suitcase"),
        Create("cash, no receipt"),
        Create("guest said \"keep the change\", twice"),
        Create("\"quoted\""),
        Create("first stop: market\nsecond stop: station, platform 4"),
        Create("café près de la gare"),
        Create("Straße gesperrt, Umweg über Köln"),
        Create("東京駅まで"),
        Create("thanks a lot 🚕🚕"),
        Create("waited ten minutes at the gate of terminal 2"),
    ];

    /// <summary>How many notes <see cref="Pick"/> chooses from; the same note may stand several times.</summary>
    public static int Weight => Pool.Length;

    public static TripNote Pick(int index) => Pool[index];

    private static TripNote Create(string text)
    {
        bool mustQuote = text.AsSpan().IndexOfAny(",\"\n") >= 0;
        string csv = mustQuote ? $"\"{text.Replace("\"", "\"\"", StringComparison.Ordinal)}\"" : text;
        return new TripNote(
            Encoding.UTF8.GetBytes(csv), JsonSerializer.SerializeToUtf8Bytes(text), text.AsSpan().Count('\n'));
    }
}
