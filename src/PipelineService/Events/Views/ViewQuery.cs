using System.Buffers.Text;
using System.Text;
using System.Text.Json;
using PipelineService.Datasets.Views;
using PipelineService.Hosting.Http;

namespace PipelineService.Events.Views;

/// <summary>Reads which groups a request wants; all faults at once.</summary>
/// <param name="faults">Takes them: JSON pointer → sentences.</param>
internal sealed class ViewQuery(Dictionary<string, string[]> faults)
{
    public const int LimitDefault = 1_000;
    public const int LimitMax = 10_000;

    /// <summary>Characters of a cursor: keys may be texts.</summary>
    private const int CursorMax = 64 << 10;

    public ViewQuestion Question(StoredView view, string? from, string? to)
    {
        ViewQuestion question = new(view, QueryTime.Parse("from", from, faults), QueryTime.Parse("to", to, faults));
        if ((from ?? to) is not null && new ViewReadSql(view.ToView()).TimeKey < 0)
        {
            faults[from is null ? "/to" : "/from"] = ["The view has no key that is a time or a date."];
        }

        return question;
    }

    public int Limit(string? given) => QueryLimit.Parse(given, LimitDefault, LimitMax, faults);

    /// <summary>The key behind which a page begins.</summary>
    public string?[]? Cursor(string? given, StoredView view)
    {
        if (given is null)
        {
            return null;
        }

        try
        {
            if (given.Length <= CursorMax && Base64Url.IsValid(given)
                && JsonSerializer.Deserialize<string?[]>(Base64Url.DecodeFromChars(given)) is { } key
                && key.Length == view.ToView().View.Keys.Length)
            {
                return key;
            }
        }
        catch (JsonException)
        {
            // It is none of ours.
        }

        faults["/cursor"] = [NoCursor];
        return null;
    }

    public const string NoCursor = "It is none that this service gave out; leave it away to start from the first page.";

    public static string? CursorOf(string?[]? key) =>
        key is null ? null : Base64Url.EncodeToString(Encoding.UTF8.GetBytes(JsonSerializer.Serialize(key)));
}
