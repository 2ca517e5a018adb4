using System.Text;

namespace PipelineService.Core.Lookups;

/// <summary>How an answer begins that is of no use, for whoever has to find out why.</summary>
public static class ServiceExcerpt
{
    /// <summary>Bytes of it that are shown.</summary>
    public const int BytesMax = 300;

    /// <param name="answer">The answer or its beginning, in any encoding.</param>
    public static string Of(ReadOnlySpan<byte> answer)
    {
        bool isCut = answer.Length > BytesMax;
        string text = System.Text.Encoding.UTF8.GetString(isCut ? answer[..BytesMax] : answer);
        return Of(isCut ? text.TrimEnd('\uFFFD') + "…" : text);
    }

    /// <param name="text">A text of the service.</param>
    public static string Of(string text)
    {
        StringBuilder shown = new(Math.Min(text.Length, BytesMax + 1));
        foreach (Rune rune in text.EnumerateRunes())
        {
            if (shown.Length >= BytesMax)
            {
                shown.Append('…');
                break;
            }

            shown.Append(Rune.IsControl(rune) ? " " : rune.ToString());
        }

        return shown.ToString();
    }
}
