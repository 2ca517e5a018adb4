using PipelineService.Hosting.Http;

namespace PipelineService.Hosting.OpenApi;

/// <summary>The headers that the problems of a call bring along, status by status.</summary>
internal static class ProblemHeaders
{
    public static IEnumerable<AnsweredHeader> Of(IReadOnlyList<Problem> problems)
    {
        foreach (IGrouping<int, Problem> alike in problems.GroupBy(problem => problem.Status))
        {
            if (alike.Any(problem => problem.RetryAfterSeconds is not null))
            {
                bool isAlways = alike.All(problem => problem.RetryAfterSeconds is not null);
                yield return new AnsweredHeader(AnswerHeader.RetryAfter with { IsAlways = isAlways }, [alike.Key]);
            }

            IEnumerable<(string, string)> taken = alike.Select(problem => problem.Accepts).OfType<(string, string)>().Distinct();
            foreach ((string name, string value) in taken)
            {
                string meaning = $"`{value}`: what is taken, where something else was sent.";
                yield return new AnsweredHeader(new AnswerHeader(name, meaning, Shapes.Text, IsAlways: false), [alike.Key]);
            }
        }
    }
}
