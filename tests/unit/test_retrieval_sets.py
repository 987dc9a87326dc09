"""Sets in the BEIR layout: whole ones, incomplete ones, and what is said about them."""

import json
from pathlib import Path

import pytest

from mmsearch.errors import InputError, NotFound
from mmsearch.retrieval_sets import JudgedDocument, read_set

HEADER = "query-id\tcorpus-id\tscore\n"


def make_set(folder: Path, qrels: str = "q1\ta\t1\n", split: str = "test") -> Path:
    """A set of two documents and two queries."""
    (folder / "qrels").mkdir(parents=True, exist_ok=True)
    corpus = [{"_id": "a", "title": "Tides", "text": "The sea."}, {"_id": "b", "title": "", "text": "word " * 100}]
    queries = [{"_id": "q1", "text": "one", "intended": "text"}, {"_id": "q2", "text": "two"}]
    for name, records in (("corpus.jsonl", corpus), ("queries.jsonl", queries)):
        (folder / name).write_text("".join(json.dumps(record) + "\n" for record in records))
    (folder / "qrels" / f"{split}.tsv").write_text(HEADER + qrels)
    return folder


def test_only_judged_queries_are_read_and_the_others_counted(tmp_path: Path) -> None:
    found = read_set(make_set(tmp_path))
    assert found.queries == {"q1": "one"}
    assert found.qrels == {"q1": {"a": 1}}
    assert (found.documents, found.intended, found.split) == (2, {"q1": "text"}, "test")
    assert found.judged == {"a": JudgedDocument("text", "Tides", "The sea.")}
    assert found.warnings == ("1 queries have no relevant document and are left out",)


def test_grades_are_kept_and_a_query_with_none_above_zero_is_left_out(tmp_path: Path) -> None:
    found = read_set(make_set(tmp_path, "q1\ta\t2\nq1\tb\t0\nq2\tb\t0\n"))
    assert found.qrels == {"q1": {"a": 2, "b": 0}}
    assert found.judged.keys() == {"a"}


def test_long_words_are_cut_between_words(tmp_path: Path) -> None:
    words = read_set(make_set(tmp_path, "q1\tb\t1\n")).judged["b"].words
    assert words.endswith("word …")
    assert len(words) <= 242


def test_judged_documents_and_queries_that_are_not_there_are_counted(tmp_path: Path) -> None:
    found = read_set(make_set(tmp_path, "q1\ta\t1\nq2\tgone\t1\nq9\ta\t1\n"))
    assert found.queries.keys() == {"q1", "q2"}
    assert found.warnings[0] == "1 judged queries are not in queries.jsonl and are left out"
    assert found.warnings[1].startswith("1 relevant documents are not in corpus.jsonl, such as gone")


def test_the_split_is_test_or_the_only_one_or_the_named_one(tmp_path: Path) -> None:
    make_set(tmp_path, "q2\tb\t1\n", split="dev")
    assert read_set(tmp_path).queries == {"q2": "two"}
    assert read_set(tmp_path).name == f"{tmp_path.name}-dev"
    make_set(tmp_path)
    assert read_set(tmp_path).queries == {"q1": "one"}
    assert read_set(tmp_path, "dev").queries == {"q2": "two"}
    with pytest.raises(InputError, match='no split "train"; there are dev, test'):
        read_set(tmp_path, "train")


def test_several_splits_without_test_have_to_be_named(tmp_path: Path) -> None:
    make_set(tmp_path, split="dev")
    make_set(tmp_path, split="train")
    with pytest.raises(InputError, match="choose one of dev, train with --split"):
        read_set(tmp_path)


def test_digests_follow_judgements_and_corpus(tmp_path: Path) -> None:
    first = read_set(make_set(tmp_path))
    again = read_set(make_set(tmp_path))
    assert (again.judgements, again.corpus) == (first.judgements, first.corpus)
    judged = read_set(make_set(tmp_path, "q1\tb\t1\n"))
    assert judged.judgements != first.judgements
    assert judged.corpus == first.corpus
    with (tmp_path / "corpus.jsonl").open("a") as corpus:
        corpus.write('{"_id": "c", "text": "more"}\n')
    assert read_set(tmp_path).corpus != first.corpus


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="nowhere is not a folder"):
        read_set(tmp_path / "nowhere")


def test_a_folder_that_is_no_set_says_what_it_needs(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"no corpus.jsonl and no queries.jsonl and no qrels; .*qrels/test.tsv"):
        read_set(tmp_path)


def test_a_set_without_judgements_says_so(tmp_path: Path) -> None:
    (make_set(tmp_path) / "qrels" / "test.tsv").unlink()
    with pytest.raises(InputError, match=r"qrels holds no judgements: it needs a file test.tsv"):
        read_set(tmp_path)


@pytest.mark.parametrize(
    ("file", "content", "message"),
    [
        ("qrels/test.tsv", "a b c\n1 2 3\n", "names no column corpus-id, query-id, score"),
        ("qrels/test.tsv", HEADER + "q1\ta\tyes\n", "test.tsv, line 2: the score is no whole number"),
        ("qrels/test.tsv", HEADER + "q1\ta\n", "test.tsv, line 2: the score is no whole number"),
        ("qrels/test.tsv", HEADER + "q9\ta\t1\n", "no query of queries.jsonl has a relevant document"),
        ("queries.jsonl", '{"_id": "q1", "text": " "}\n', "queries.jsonl, line 1: the query has no text"),
        ("queries.jsonl", '{"text": "one"}\n', "queries.jsonl, line 1 is not a record with an _id"),
        ("corpus.jsonl", '{"_id": "a", "text": "A"}\n\n{"_id":\n', "corpus.jsonl, line 3 is not JSON"),
    ],
)
def test_a_broken_file_is_named_with_its_line(tmp_path: Path, file: str, content: str, message: str) -> None:
    (make_set(tmp_path) / file).write_text(content)
    with pytest.raises(InputError, match=message):
        read_set(tmp_path)
