using Microsoft.Extensions.Primitives;

namespace PipelineService.Hosting.Http;

/// <summary>
/// Refuses text that PostgreSQL cannot store (<c>%00</c>, half of a surrogate pair) in the query or the path of any
/// request, so that no call has to think of it before the text becomes a parameter of SQL. Headers hold no such text:
/// the server refuses it.
/// </summary>
internal sealed class RequestText(RequestDelegate next)
{
    private static readonly string[] Fault = ["It holds U+0000 or half of a surrogate pair."];

    public Task InvokeAsync(HttpContext context)
    {
        if (!IsStorable(context.Request.Path.Value))
        {
            throw new BadHttpRequestException("The path holds U+0000 or half of a surrogate pair.");
        }

        var faults = context.Request.Query
            .Where(parameter => !IsStorable(parameter.Key) || !AreStorable(parameter.Value))
            .Take(Problem.UnknownShownMax)
            .DistinctBy(parameter => Core.Rules.Excerpt.Cut(parameter.Key, Core.Rules.Excerpt.NameLengthMax))
            .ToDictionary(parameter => $"/{Core.Rules.Excerpt.Cut(parameter.Key, Core.Rules.Excerpt.NameLengthMax)}", _ => Fault);
        return faults.Count == 0 ? next(context) : Problem.MalformedQuery(faults).ToResult().ExecuteAsync(context);
    }

    private static bool AreStorable(StringValues values)
    {
        foreach (string? value in values)
        {
            if (!IsStorable(value))
            {
                return false;
            }
        }

        return true;
    }

    internal static bool IsStorable(ReadOnlySpan<char> text)
    {
        for (int i = 0; i < text.Length; i++)
        {
            if (text[i] == '\0')
            {
                return false;
            }

            if (char.IsSurrogate(text[i]))
            {
                if (i + 1 == text.Length || !char.IsSurrogatePair(text[i], text[i + 1]))
                {
                    return false;
                }

                i++;
            }
        }

        return true;
    }
}
