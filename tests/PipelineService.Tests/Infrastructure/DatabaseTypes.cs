namespace PipelineService.Tests.Infrastructure;

/// <summary>A service whose database has types of its own.</summary>
public sealed class DatabaseTypes(PostgresServer server) : LoadingService(server)
{
    /// <summary>
    /// <c>plain</c> is text in all but its binary form, of which it has none: whoever has a column of it sends all columns as text.
    /// </summary>
    public const string PlainText = """
        CREATE TYPE public.plain;
        CREATE FUNCTION public.plain_in(cstring) RETURNS plain AS 'textin' LANGUAGE internal IMMUTABLE STRICT PARALLEL SAFE;
        CREATE FUNCTION public.plain_out(plain) RETURNS cstring AS 'textout' LANGUAGE internal IMMUTABLE STRICT PARALLEL SAFE;
        CREATE TYPE public.plain (INPUT = plain_in, OUTPUT = plain_out, LIKE = text, CATEGORY = 'S', COLLATABLE = true);
        CREATE CAST (plain AS text) WITHOUT FUNCTION AS IMPLICIT;
        CREATE CAST (text AS plain) WITHOUT FUNCTION AS ASSIGNMENT;
        """;

    protected override Task PrepareAsync() => Database.ExecuteAsync($""""
        CREATE EXTENSION citext SCHEMA public;
        CREATE EXTENSION hstore SCHEMA public;
        {PlainText}
        CREATE TYPE public.mood AS ENUM ('sad', 'ok', 'a,b', '');
        CREATE TYPE public.pair AS (x integer, y text);
        CREATE DOMAIN public.word AS text CHECK (VALUE NOT LIKE '%z%');
        CREATE DOMAIN public.short_word AS varchar(5) CHECK (VALUE <> 'never');
        CREATE DOMAIN public.shorter_word AS short_word CHECK (length(VALUE) < 4);
        CREATE DOMAIN public.some_mood AS mood CHECK (VALUE <> 'sad');
        CREATE DOMAIN public.needed AS text NOT NULL;
        CREATE DOMAIN public.positive AS bigint CHECK (VALUE > 0);
        CREATE DOMAIN public.small AS smallint;
        CREATE DOMAIN public.odd_numbers AS integer[] CHECK (2 <> ALL (VALUE));
        CREATE DOMAIN public.document AS jsonb CHECK (VALUE ? 'id');
        CREATE DOMAIN public.stay AS interval CHECK (VALUE < '7 days');
        CREATE DOMAIN public.place AS point CHECK (VALUE[0] >= 0);
        CREATE DOMAIN public.home AS inet CHECK (family(VALUE) = 4);
        CREATE SCHEMA "Other one";
        CREATE TYPE "Other one"."Great ""mood""" AS ENUM ('sad', 'ok');
        """");
}
